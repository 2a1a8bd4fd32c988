def write_network(case, query, evidence):
    raise NotImplementedError
