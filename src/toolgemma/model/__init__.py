"""The model: where it runs and in which dtype, base and adapter, the selective loss, what this machine is."""
