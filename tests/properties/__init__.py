"""State machines: the product beside a model of it, through whatever hypothesis thinks of."""
