"""The looks: the terminal's own colours and background, so that light and dark ones both do."""

from typing import Final

from textual.theme import Theme

TERMINAL: Final = Theme(
    name="terminal",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    accent="ansi_magenta",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "block-cursor-foreground": "ansi_bright_white",
        "block-cursor-background": "ansi_blue",
        "block-cursor-text-style": "bold",
        "input-cursor-background": "ansi_blue",
        "input-cursor-foreground": "ansi_bright_white",
        "input-selection-background": "ansi_blue",
        "input-selection-foreground": "ansi_bright_white",
        "border": "ansi_blue",
        "border-blurred": "ansi_default",
        "scrollbar": "ansi_blue",
        "scrollbar-hover": "ansi_blue",
        "scrollbar-active": "ansi_blue",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
        "scrollbar-corner-color": "ansi_default",
        "footer-key-foreground": "ansi_blue",
    },
)

CSS: Final = """
Screen { layout: vertical; background: ansi_default; }
#head { height: 1; width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
#notice { width: 1fr; height: auto; max-height: 4; display: none; }
#notice.said { display: block; }
#about { width: 1fr; height: auto; max-height: 14; text-wrap: nowrap; text-overflow: ellipsis; }
#about.wrapped { text-wrap: wrap; }
#why { width: 1fr; height: auto; max-height: 60%; border-top: solid $border;
       border-title-style: bold; text-wrap: nowrap; text-overflow: ellipsis; }
#empty { width: 1fr; height: 1fr; padding: 1 2; display: none; }
#empty.said { display: block; }
ListingTable { height: 1fr; background: ansi_default; scrollbar-size-vertical: 1;
               overflow-x: hidden; }
ListingTable.hidden { display: none; }
ListingTable > .datatable--header { background: ansi_default; text-style: bold underline; }
#tabs { height: 1; width: 1fr; margin-top: 1; }
#filter { height: 1; border: none; padding: 0; display: none; background: ansi_default; }
#filter.open { display: block; }
#help { width: 76; max-width: 100%; height: auto; max-height: 100%; border: solid $border;
        padding: 0 1; background: ansi_default; overflow-y: auto; }
HelpScreen { align: center middle; }
Footer { background: ansi_default; }
"""
