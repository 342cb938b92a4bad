"""What the product is compared with: a stock Django project over the bench database's own tables, nothing left out or in."""
