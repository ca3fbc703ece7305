/**
 * The order of a model's layers in Keras: by their distance from the output, the farthest first; at the same
 * distance, in the order in which they are met on the way from the output to the input. In a chain it is that of the
 * chain.
 *
 * Source: keras/src/ops/function.py, map_graph.
 */
import type { Graph, GraphInput, GraphLayer, GraphNode } from '@anke/nn';

export function kerasOrder({ output, nodes, layers }: Graph): GraphLayer[] {
  const depths = depthsOf(nodes);
  const met = new Map<string, number>();
  const visited = new Set<GraphNode | GraphInput>();
  const visit = (node: GraphNode | GraphInput): void => {
    if (visited.has(node)) return;
    visited.add(node);
    if (!('layerName' in node)) return;
    if (!met.has(node.layerName)) met.set(node.layerName, met.size);
    node.inputs.forEach(visit);
  };
  visit(output);
  const key = (numbers: ReadonlyMap<string, number>, { name }: GraphLayer): number => numbers.get(name) as number;
  return [...layers].sort((a, b) => key(depths, b) - key(depths, a) || key(met, a) - key(met, b));
}

/** The longest way from each layer to the output, in nodes; all nodes of a layer count as the farthest of them. */
function depthsOf(nodes: readonly GraphNode[]): ReadonlyMap<string, number> {
  const ofNodes = new Map<string, number>();
  const ofLayers = new Map<string, number>();
  for (const { name, layerName, inputs } of [...nodes].reverse()) {
    const depth = Math.max(ofNodes.get(name) ?? 0, ofLayers.get(layerName) ?? 0);
    ofLayers.set(layerName, depth);
    for (const input of inputs) ofNodes.set(input.name, Math.max(ofNodes.get(input.name) ?? 0, depth + 1));
  }
  return ofLayers;
}
