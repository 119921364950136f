from foreworld.train.parameters import Parameters as Parameters
