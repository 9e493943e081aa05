"""The texts in a configuration folder: what is wrong with one is told with its file."""

from tests.config.installation import Installation

COPY = "templates/team-copy.txt"


def test_a_control_character_is_told_at_its_place(site: Installation) -> None:
    site.replace("templates/reply.txt", "Please answer", "Please \x1b[2Janswer")
    (problem,) = site.problems()
    expected = "templates/reply.txt:7:8: a control character; remove or retype it"
    assert expected == str(problem)


def test_a_text_from_before_an_upgrade_is_told_with_all_that_it_lacks(site: Installation) -> None:
    """A team's copy that says nothing of files, of what was done, nor of how to command."""
    for line in ("Attached:    {{ line }}", "Done:        {{ line }}", "{{ command }} help"):
        site.replace(COPY, line, "")
    (problem,) = site.problems()
    lacks = "leaves out attachments, command, done, or a part, or changes it"
    assert f"{COPY} {lacks}; put it back, as in the shipped one" == str(problem)
