#!/usr/bin/env python3
"""Copy Primer's published CSS into one static bundle, without a JavaScript build.

    npm install --ignore-scripts @primer/css@22.3.2 @primer/primitives@11.10.0 \
        @primer/view-components@0.51.2 @primer/octicons@19.42.0
    python vendor_primer.py NODE_MODULES OUT_DIR [EXTRA_CSS ...]

What it does: joins the wanted dist files in cascade order, strips comments and white
space, and drops theme tokens that neither Primer nor EXTRA_CSS (our own CSS) refers to.
The result is committed, so neither a server nor CI needs Node. Only the standard library.
"""

import gzip
import pathlib
import re
import sys

TOKENS = """base/size/size base/size/z-index base/typography/typography base/motion/motion
functional/size/border functional/size/breakpoints functional/size/radius functional/size/size
functional/size/size-coarse functional/size/size-fine functional/size/viewport functional/size/z-index
functional/spacing/space functional/typography/typography functional/motion/motion""".split()
PRIMER_CSS = """base layout forms buttons navigation box labels header pagination select-menu
table-object toasts loaders avatars support markdown""".split()
THEMES = ["light", "dark", "light-high-contrast", "dark-high-contrast"]
BANNER = (
    "/*! Primer (primer/css, primer/primitives, primer/view_components), "
    "(c) GitHub, Inc., MIT, see LICENSE.primer.txt */\n"
)


def read(path: pathlib.Path) -> str:
    return re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)


def squeeze(css: str) -> str:
    css = re.sub(r"\s+", " ", css)
    return re.sub(r"\s*([{};,])\s*", r"\1", css).replace(";}", "}").strip()


def main(node_modules: str, out_dir: str, *extra: str) -> None:
    modules, out = pathlib.Path(node_modules) / "@primer", pathlib.Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    prim, css = modules / "primitives/dist/css", modules / "css/dist"
    tokens = "".join(read(prim / f"{t}.css") for t in TOKENS)
    parts = [read(css / f"{n}.css") for n in PRIMER_CSS]
    parts.append(read(modules / "view-components/app/assets/styles/primer_view_components.css"))
    parts.append(read(css / "utilities.css"))  # last: utilities win
    themes = {t: read(prim / f"functional/themes/{t}.css") for t in THEMES}

    refs = re.compile(r"var\(\s*(--[\w-]+)")
    decl = re.compile(r"(--[\w-]+)\s*:\s*([^;}]*);?")
    used = set(refs.findall("".join(parts) + tokens + "".join(pathlib.Path(e).read_text() for e in extra)))
    needs: dict[str, set[str]] = {}
    for text in (tokens, *themes.values()):
        for name, value in decl.findall(text):
            needs.setdefault(name, set()).update(refs.findall(value))
    queue = list(used)
    while queue:
        new = needs.get(queue.pop(), set()) - used
        used |= new
        queue += new

    def keep(css_text: str) -> str:
        return decl.sub(lambda m: m.group(0) if m.group(1) in used else "", css_text)

    def first_block(css_text: str) -> str:
        found: str = re.findall(r"\{(.*?)\}", css_text, re.S)[0]
        return found

    files = {"primer.css": squeeze(tokens) + squeeze("".join(parts))}
    themes = {t: keep(c) for t, c in themes.items()}
    files |= {f"theme-{t}.css": squeeze(c) for t, c in themes.items()}
    sel = '[data-color-mode="auto"][data-contrast="auto"][data-light-theme]'
    files["theme-contrast-auto.css"] = squeeze(
        "@media (prefers-contrast: more){%s{%s} @media (prefers-color-scheme: dark){[data-color-mode]%s{%s}}}"
        % (sel, first_block(themes["light-high-contrast"]), sel, first_block(themes["dark-high-contrast"]))
    )
    for name, text in files.items():
        data = (BANNER + text).encode()
        (out / name).write_bytes(data)
        print(f"{name:30}{len(data):>8} bytes {len(gzip.compress(data, 9)):>7} gzip")
    (out / "LICENSE.primer.txt").write_text(
        "\n\n".join(f"@primer/{f.parent.name}\n\n{f.read_text()}" for f in sorted(modules.glob("*/LICENSE*")))
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
