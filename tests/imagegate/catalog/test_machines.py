"""Prices of machines are dated and sourced, since a comparison may hang on them."""

from datetime import date

from imagegate.catalog.machines import machine_prices


def test_every_price_of_a_machine_has_its_source_and_its_day() -> None:
    prices = machine_prices()

    assert "ml.p5.4xlarge" in prices
    for name, price in prices.items():
        assert name == price.name
        assert price.hourly_price > 0
        assert price.currency == "USD"
        assert "AWS Pricing API" in price.source
        assert date(2026, 1, 1) < price.checked_on < date(2026, 12, 1)
