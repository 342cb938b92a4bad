"""One encrypted file that holds the site, and the proof that it can be had back from it."""
