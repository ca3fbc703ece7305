/**
 * A line that Dawn prints at every start about a limit that it lowers: nothing that a user could act on. It comes from
 * C++, past Node, and Dawn has no switch for it, so that only who has started the process can leave it out.
 */
export const DAWN_NOISE = /^Warning: maxDynamic(Uniform|Storage)BuffersPerPipelineLayout artificially reduced/;
