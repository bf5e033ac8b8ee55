from django.conf import settings
def test_a():
    assert 0, (settings.INSTANCE.home, settings.INSTANCE.is_initialised, list((settings.INSTANCE.home/"secrets").iterdir()), settings.configured)
