"""What a turn costs, beside a bare proxy and plain LangGraph: `python -m benchmarks --help`.

The method is in docs/benchmark.md. Each subject is a process of its own with its own PostgreSQL;
the load client and the fake model server are processes too, and never counted.
"""
