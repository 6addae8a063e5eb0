"""Killed around their requests to servers, runs come to the same; and what they leave is seen."""

from functools import partial

import pytest

from tests.chaos.bench import Bench
from tests.chaos.campaign import campaign
from tests.chaos.nursery import nursery
from tests.chaos.ordeal import suffer
from tests.chaos.places import InBucket
from tests.chaos.shapes import Shape
from tests.services.bucket import BUCKET

SHAPE = Shape(
    "in a bucket", disposition="append", rows=30, files=1, partitions=2, flush_s=1.0, where="s3"
)


@pytest.fixture
def bench(tmp_path, bucket):
    with nursery() as children:
        yield Bench(tmp_path, children, [SHAPE], {"s3": partial(InBucket, bucket=bucket)})


@pytest.mark.timeout(120)
def test_a_run_in_a_bucket_is_killed_and_what_others_leave_there_is_seen(bench, bucket):
    at = list(bench.points).index("ledger create: publish_begin")
    story = suffer(at, bench)
    assert story.kills[0].point == "ledger create: publish_begin"
    assert story.problems == []

    def leave(place, _attempt):
        below = place.state.removeprefix(f"s3://{BUCKET}/").removesuffix("/state")
        bucket.client.put_object(Bucket=BUCKET, Key=f"{below}/out/x.staged", Body=b"")
        bucket.client.create_multipart_upload(Bucket=BUCKET, Key=f"{below}/elsewhere")

    problems = "\n".join(suffer(at + 1, bench, leave).problems)
    assert "left over: out/x.staged" in problems
    assert "left over: upload of" in problems


@pytest.mark.slow  # some minutes each
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("sinks", ["s3", "delta", "postgres"])
def test_whatever_is_killed_runs_come_to_the_same(tmp_path, sinks):
    wrong = []

    def tell(story, _tally):
        if story.problems:
            wrong.append("\n".join([story.replay, *map(str, story.kills), *story.problems]))

    with campaign(tmp_path / "chaos", 0, tell, sinks) as made:
        made.in_process(30)
        made.on_processes(6)

    assert not wrong, "\n\n".join(wrong)
    assert made.tally.kills >= 36
    assert made.tally.lost == made.tally.doubled == made.tally.leftovers == 0
