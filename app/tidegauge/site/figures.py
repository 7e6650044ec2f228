"""The figures of the page about concepts."""

from tidegauge.site.drawing import Drawing


def flow() -> str:
    """The way of an event, from its publisher to those who want to know."""
    d = Drawing(860, 330, "Events go by collect and monitor to alerts, metrics and gauges")
    d.box((10, 90), (110, 50), ["publishers", "any client"], "none")
    d.box((165, 60), (120, 44), ["predictions"], "blue")
    d.box((165, 126), (120, 44), ["feedback"], "blue")
    d.box((335, 70), (130, 90), ["collect", "one per", "source partition"], "green")
    d.box((515, 93), (90, 44), ["partials"], "blue")
    d.box((655, 70), (110, 90), ["monitor", "one per model"], "green")
    for y in (82, 148):
        d.arrow((120, 115), (165, y))
        d.arrow((285, y), (335, 115))
    d.arrow((465, 115), (515, 115))
    d.arrow((605, 115), (655, 115))
    d.box((335, 215), (130, 40), ["forwarded"], "blue")
    d.arrow((380, 160), (380, 215))
    d.arrow((420, 215), (420, 160))
    d.text((472, 232), "what another", "soft")
    d.text((472, 248), "partition joins", "soft")
    d.box((165, 215), (120, 40), ["dead-letters"], "red")
    d.arrow((350, 160), (285, 222))
    d.box((655, 215), (110, 40), ["references"], "blue")
    d.arrow((710, 160), (710, 215))
    d.line([(655, 240), (630, 240), (630, 285), (310, 285), (310, 150)])
    d.arrow((310, 150), (335, 150))
    d.text((500, 302), "what is normal, read back by collect", "soft", "middle")
    for y, name, kind in (
        (20, "alerts", "orange"),
        (68, "metrics", "orange"),
        (116, "/metrics", "plain"),
    ):
        d.box((790, y), (66, 34), [name], kind)
        d.arrow((765, 115), (790, y + 17))
    d.text(
        (10, 320), "green: the two stages of a worker; the rest, but for /metrics: topics", "soft"
    )
    return d.svg()


def join() -> str:
    """What may still happen to a request, by event time after its prediction."""
    d = Drawing(860, 290, "The horizons of a request: how long what is awaited")
    d.arrow((20, 150), (845, 150))
    d.text((845, 140), "event time", "soft", "end")
    d.line([(220, 40), (220, 235)], "strong")
    d.text((220, 30), "prediction", "bold strong", "middle")
    d.span((60, 95), 220, "orphan_horizon")
    d.text((140, 113), "feedback may wait", "soft", "middle")
    d.span((220, 75), 560, "label_horizon")
    d.text((390, 93), "a label is awaited", "soft", "middle")
    d.span((220, 125), 760, "correction_horizon")
    d.text((660, 143), "it may be corrected", "soft", "middle")
    marks = (
        (110, "feedback first:", "orphan, joined later", "green"),
        (330, "feedback:", "labelled", "green"),
        (450, "revision 1:", "label replaced", "green"),
        (640, "first label now:", "late, unlabelled", "red"),
        (800, "nothing is kept", "any more", "plain"),
    )
    for x, first, second, kind in marks:
        d.line([(x, 150), (x, 185)])
        d.box((x - 4, 146), (8, 8), (), kind, 4)
        d.text((x, 200), first, "bold", "middle")
        d.text((x, 217), second, "soft", "middle")
    d.span((220, 255), 340, "lateness")
    d.text((350, 259), "duplicates are known and late predictions counted", "soft")
    return d.svg()


def windows() -> str:
    """Panes that close by the watermark, and the windows that are made of them."""
    d = Drawing(
        860, 300, "Panes close when the watermark has passed them; windows are sums of panes"
    )
    for number in range(12):
        x = 40 + number * 62
        closed = number < 8
        d.box((x, 95), (62, 46), (), "green" if closed else "plain", 0)
    d.text((40, 85), "panes of 10 s", "bold")
    d.text((288, 122), "closed: detectors have read them", "soft", "middle")
    d.text((660, 122), "open", "soft", "middle")
    d.line([(536, 60), (536, 160)], "strong")
    d.text((536, 52), "watermark", "bold strong", "middle")
    d.line([(692, 60), (692, 160)], "strong")
    d.text((692, 52), "stream time", "bold strong", "middle")
    d.text((740, 52), "of the newest event", "soft")
    d.span((536, 172), 692, "")
    d.text((614, 190), "out_of_orderness", "soft", "middle")
    d.box((40, 210), (372, 24), ["window of 1 min"], "blue", 4)
    d.box((102, 240), (372, 24), ["the next one, a pane later"], "blue", 4)
    d.box((164, 270), (372, 24), ["the newest closed one"], "orange", 4)
    d.text((560, 287), "is what /metrics shows", "soft")
    d.line([(250, 30), (250, 92)], "bad", tip=True)
    d.text((258, 30), "a late event or label: revises its pane and every", "bad")
    d.text((258, 46), "window that holds it", "bad")
    return d.svg()


def states() -> str:
    """The life of one window."""
    d = Drawing(860, 190, "A window is open, then provisional, then final")
    parts = (
        (20, 190, "open", "plain"),
        (210, 420, "provisional", "orange"),
        (630, 210, "final", "green"),
    )
    for x, w, name, kind in parts:
        d.box((x, 50), (w, 44), [name], kind, 0)
    d.text((210, 40), "the watermark passes its end", "soft", "middle")
    d.text((630, 40), "nothing can revise it any more", "soft", "middle")
    for x, words in (
        (120, "revision 0, 1, …"),
        (290, "labels come"),
        (400, "a correction"),
        (520, "a late event"),
    ):
        d.line([(x, 94), (x, 112)])
        d.text((x, 127), words, "soft", "middle")
    d.text((735, 127), "the last record of its key", "soft", "middle")
    d.text((20, 165), "label coverage", "bold")
    d.line([(130, 172), (210, 168), (290, 158), (400, 148), (520, 144), (840, 143)], "strong")
    return d.svg()


def commit() -> str:
    """What one transaction holds, and what a crash leaves."""
    d = Drawing(
        860, 270, "One transaction has the state, the positions, the outputs and the offsets"
    )
    d.box((20, 90), (120, 60), ["a chunk", "records 400 to 480"], "blue")
    d.box((185, 90), (120, 60), ["process", "in memory"], "green")
    d.arrow((140, 120), (185, 120))
    d.arrow((305, 120), (350, 120))
    d.box((350, 30), (270, 180), (), "none dashed")
    d.text((485, 52), "one Kafka transaction", "bold", "middle")
    rows = ("state that changed", "positions reached: 480", "outputs", "offsets of the group")
    for number, row in enumerate(rows):
        d.box((370, 64 + 34 * number), (230, 28), [row], "plain", 4)
    d.arrow((620, 120), (665, 120))
    d.box((665, 75), (180, 36), ["committed: all of it"], "green")
    d.box((665, 130), (180, 36), ["aborted: nothing of it"], "red")
    d.text(
        (485, 236),
        "A worker that died is fenced by its transactional id; the next one restores",
        "soft",
        "middle",
    )
    d.text(
        (485, 254),
        "the committed state, and reads on from the positions that stand beside it.",
        "soft",
        "middle",
    )
    return d.svg()


def budget() -> str:
    """How the budget of false alarms is split."""
    d = Drawing(
        860, 250, "The budget of false alarms is split by models, axes, cohorts and detectors"
    )
    d.box((20, 90), (150, 60), ["1 a week", "whole installation"], "orange")
    d.box((215, 90), (130, 60), ["a model", "1 / limits.models"], "plain")
    d.arrow((170, 120), (215, 120))
    d.box((395, 40), (140, 54), ["errors", "1/4, on label time"], "blue")
    d.box((395, 146), (140, 54), ["all else", "3/4, prediction time"], "blue")
    d.arrow((345, 120), (395, 67))
    d.arrow((345, 120), (395, 173))
    d.box((585, 90), (110, 60), ["a stream", "part of its cohort"], "plain")
    d.arrow((535, 67), (585, 112))
    d.arrow((535, 173), (585, 128))
    rows = (
        (60, "Page-Hinkley", "three sizes, 4/5"),
        (134, "ADWIN", "1/5"),
    )
    for y, name, part in rows:
        d.box((722, y), (132, 46), [name, part], "green")
        d.arrow((695, 120), (722, y + 23))
    d.text(
        (395, 230),
        "Cohort k of an axis has 1 / (k (k + 1)) of it: 1/2, 1/6, 1/12, … add up to one.",
        "soft",
    )
    return d.svg()


def alert() -> str:
    """The life of an alert on the figure that it watches."""
    d = Drawing(
        860, 300, "An alert opens when a change is sure and large, and resolves when it has faded"
    )
    d.arrow((40, 250), (845, 250))
    d.text((845, 272), "event time", "soft", "end")
    d.line([(40, 200), (845, 200)], "dashed")
    d.text((44, 216), "baseline: what was learned", "soft")
    d.line([(40, 140), (845, 140)], "dashed")
    d.text((44, 132), "smallest effect worth an alert", "soft")
    d.line([(40, 170), (845, 170)], "dashed")
    d.text((845, 164), "half of it", "soft", "end")
    shape = [
        (40, 203),
        (90, 196),
        (140, 202),
        (190, 197),
        (240, 201),
        (270, 198),
        (300, 150),
        (340, 92),
    ]
    shape += [
        (390, 84),
        (440, 95),
        (490, 82),
        (540, 90),
        (580, 130),
        (620, 182),
        (670, 199),
        (720, 194),
        (830, 201),
    ]
    d.line(shape, "strong")
    for x, y, words in (
        (270, 30, "startsAt: the likely onset"),
        (390, 56, "opens (firing)"),
        (690, 56, "resolved"),
    ):
        d.line([(x, y + 6), (x, 250)], "bad")
        d.text((x, y), words, "bad bold", "middle")
    d.span((270, 236), 390, "delay")
    d.span((620, 236), 690, "stays so")
    return d.svg()
