"""The mark of the sweep in the table."""

from imagegate.app.sweep import SweepMark
from imagegate.aws.sweeps import DynamoSweepMarks
from tests.account import TABLE, Account
from tests.builders import NOW


def test_the_sweep_goes_on_where_it_was(account: Account) -> None:
    marks = DynamoSweepMarks(client=account.dynamodb, table=TABLE)

    assert marks.read() == SweepMark()

    for mark in (SweepMark(after="quarantine/a"), SweepMark(resumes_at=NOW)):
        marks.write(mark)
        assert marks.read() == mark
