"""What is found in recordings and made of them."""
