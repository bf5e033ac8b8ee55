from __future__ import annotations
from tests.support.live_server import StationClient

def test_a(station: StationClient) -> None:
    data = b"x" * 300_000
    up, ans = station.sealed(data)
    print(ans.status_code, ans.text[:300])
    assert ans.status_code == 201
    station.verified(ans.content, data)
    up2, ans2 = station.sealed(data)
    assert ans2.status_code == 200 and ans2.headers["liuhen-duplicate"] == "true"
    assert ans2.content == ans.content
