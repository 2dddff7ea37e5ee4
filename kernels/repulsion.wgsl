// The repulsion of nuclei at short distances (src/potential/zbl.rs, src/potential/repulsion.rs), which sums over neighbours
// take along.
//
// `tables` has fourteen numbers from AT_REPULSION on for each species of the neighbour: the radius where it ends; where it
// begins to end; the inverse of the length over which a cosine switches it off, zero where none does; the constant, the cubic and
// the quartic coefficient of smoothing, zeros where a cosine does it; Z1 Z2 e^2/(4 pi eps0) times the strengths of the four terms of
// the screening function; and their decay constants over a.

const HALF_TURN: f32 = 3.14159265358979;

// u (eV) and du/dr (eV/angstrom) between an atom of the species in hand and a neighbour.
fn repulsion(species: u32, r: f32) -> vec2<f32> {
    let at = AT_REPULSION + 14u * species;
    if (r >= number(at)) {
        return vec2<f32>(0.0, 0.0);
    }
    let strengths = vec4<f32>(number(at + 6u), number(at + 7u), number(at + 8u), number(at + 9u));
    let rates = vec4<f32>(number(at + 10u), number(at + 11u), number(at + 12u), number(at + 13u));
    let parts = strengths * exp(-rates * r);
    let bare = (parts.x + parts.y + parts.z + parts.w) / r;
    let slope = -(dot(parts, rates) + bare) / r;
    let t = max(r - number(at + 1u), 0.0);
    let steepness = number(at + 2u);
    let x = HALF_TURN * min(t * steepness, 1.0);
    let kept = 0.5 + 0.5 * cos(x);
    let lost = 0.5 * HALF_TURN * steepness * sin(x);
    let cubic = number(at + 4u);
    let quartic = number(at + 5u);
    return vec2<f32>(
        bare * kept + number(at + 3u) + t * t * t * (cubic + quartic * t),
        slope * kept - bare * lost + t * t * (3.0 * cubic + 4.0 * quartic * t),
    );
}
