"""Model providers: one closed set of stream events, a file per wire format."""
