"""The page about providers says what the catalog says."""

from dev.provider_table import PAGE, SPECIFICATIONS, page
from imagegate.catalog import all_provider_ids


def test_the_page_is_what_the_catalog_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == page() + "\n", "run `.venv/dev/bin/python -m dev.provider_table`"


def test_every_provider_but_our_own_has_a_specification() -> None:
    assert set(all_provider_ids()) - set(SPECIFICATIONS) == {"embedded"}
