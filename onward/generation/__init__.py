"""Making pictures that did not exist: adversarial networks."""
