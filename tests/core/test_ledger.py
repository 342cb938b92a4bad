from core.ledger import broken_links
from intake.models import ConstituentRequest


def test_a_request_goes_round_and_its_chain_verifies(county):
    request = county.told()

    assert request.state == "told"
    assert broken_links(ConstituentRequest) == []
