"""Speed as ratios: product and bare reference alternate in one run, on a database of their own."""
