"""The doctor: what on this machine keeps a config from running, and the command that mends it.

    gather.gather(config) -> Machine          facts, from the system, nvidia-smi, torch in a process of its own, the Hub
    examine.examine(machine, config)  -> [Finding(check, severity, message, cure), ...]       a pure function of both

Facts and conclusions are apart so that any machine can be made up. Starts without torch; a torch that can't be
imported is a finding. Costs about five seconds, most of it torch's import. Writes nothing.
"""
