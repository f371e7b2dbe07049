#!/usr/bin/env python3
"""Keep the octicons our pages name in one small file, without a JavaScript build.

    npm install --ignore-scripts @primer/octicons@19.42.0
    python tools/vendor_octicons.py NODE_MODULES

Writes ghconnect/octicons/data.json, {name: {height: [width, path markup]}}, and the licence beside it.
To use another icon, add its name to NAMES and run it again. Only the standard library.
"""

import json
import pathlib
import sys

# GitHub's mark and Octocat are trademarks and stay out.
NAMES = """alert alert-fill archive arrow-both arrow-down arrow-left arrow-right arrow-switch arrow-up
beaker bell book broadcast bug calendar check check-circle check-circle-fill checklist
chevron-down chevron-left chevron-right chevron-up circle circle-slash clock clock-fill cloud
cloud-offline code code-square columns copy cpu credit-card dash database dependabot
device-desktop device-mobile diff diff-added diff-modified diff-removed diff-renamed dot
dot-fill download duplicate eye eye-closed file file-badge file-symlink-file filter flame gear
gift git-compare git-merge globe goal graph hash history home hourglass id-badge inbox infinity
info issue-closed issue-opened issue-reopened kebab-horizontal key law light-bulb link
link-external list-unordered lock log mail milestone moon mortar-board no-entry north-star note
number organization paper-airplane paperclip paste pencil people person person-add play plug
plus plus-circle pulse question quote read redo repo report rocket search server share shield
shield-check shield-lock shield-x sidebar-collapse sign-in sign-out skip skip-fill smiley
sort-asc sort-desc square stack star stop stopwatch sun sync table tag tasklist telescope
terminal three-bars tools trash triangle-down undo unlink unlock upload verified versions
webhook workflow x x-circle x-circle-fill zap""".split()
HOME = pathlib.Path(__file__).parent.parent / "ghconnect" / "octicons"


def main(modules: str) -> None:
    """Write the chosen icons; a name the package does not have ends it with that name."""
    package = pathlib.Path(modules) / "@primer" / "octicons"
    source = json.loads((package / "build" / "data.json").read_text())
    kept = {
        name: {height: [icon["width"], icon["path"]] for height, icon in source[name]["heights"].items()}
        for name in sorted(set(NAMES))
    }
    HOME.mkdir(exist_ok=True)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(icon)}" for name, icon in kept.items())
    (HOME / "data.json").write_text("{\n" + lines + "\n}\n")
    (HOME / "LICENSE.octicons.txt").write_text((package / "LICENSE").read_text())


if __name__ == "__main__":
    main(*sys.argv[1:])
