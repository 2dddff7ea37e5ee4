// The repulsion of nuclei at short distances (src/potential/zbl.rs), which sums over neighbours take along.
//
// `tables` has seven numbers from AT_REPULSION on for each species of the neighbour: the radius where it ends, Z1 Z2
// e^2/(4 pi eps0), 1/a, where smoothing begins, and the constant, the cubic and the quartic coefficient of smoothing.
// C0, D0, C1, ...: strengths and decay constants of the screening function.

// u (eV) and du/dr (eV/angstrom) between an atom of the species in hand and a neighbour.
fn repulsion(species: u32, r: f32) -> vec2<f32> {
    let at = AT_REPULSION + 7u * species;
    if (r >= number(at)) {
        return vec2<f32>(0.0, 0.0);
    }
    let screening = number(at + 2u);
    let x = screening * r;
    let parts = vec4<f32>(C0 * exp(-D0 * x), C1 * exp(-D1 * x), C2 * exp(-D2 * x), C3 * exp(-D3 * x));
    let phi = parts.x + parts.y + parts.z + parts.w;
    let decay = screening * dot(parts, vec4<f32>(D0, D1, D2, D3));
    let bare = number(at + 1u) / r;
    let t = max(r - number(at + 3u), 0.0);
    let cubic = number(at + 5u);
    let quartic = number(at + 6u);
    return vec2<f32>(
        bare * phi + number(at + 4u) + t * t * t * (cubic + quartic * t),
        t * t * (3.0 * cubic + 4.0 * quartic * t) - bare * (decay + phi / r),
    );
}
