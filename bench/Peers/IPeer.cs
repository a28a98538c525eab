using AkkaCp.Bench.Peers.Llama;

namespace AkkaCp.Bench.Peers;

/// <summary>Another engine with a model.</summary>
internal interface IPeer : IDisposable
{
    /// <summary>Its name.</summary>
    string Name { get; }

    /// <summary>What it says of itself.</summary>
    string Info { get; }

    /// <summary>Makes a context with these options, unless the one there has them; tokens are forgotten. It comes before the first run.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no such context.</exception>
    void Use(LlamaOptions options);

    /// <summary>Computes tokens behind those before, and the logits of the last one.</summary>
    /// <returns>The most probable next token.</returns>
    int Run(ReadOnlySpan<int> tokens, int firstPosition);
}
