using System.Globalization;
using AkkaCp.Engine;

namespace AkkaCp.Bench.Serving;

/// <summary>A chat that is asked both ways.</summary>
/// <param name="Stream">Which: its words depend on it.</param>
/// <param name="Tokens">Length of its answer.</param>
/// <param name="Letters">Ids of the tokens that it may be made of.</param>
internal sealed record Chat(int Stream, int Tokens, IReadOnlyList<int> Letters)
{
    private const float Bias = 100;

    private string Question => $"Question {Stream}: what is {Stream} times {Stream + 7}?";

    /// <summary>For the engine.</summary>
    public GenerationRequest Request => new()
    {
        Messages = [new PromptMessage("user", Question)],
        MaxTokens = Tokens,
        IgnoreEos = true,
        Sampling = new SamplingOverrides { Temperature = 0, LogitBias = Letters.ToDictionary(id => id, _ => Bias) },
    };

    /// <summary>For HTTP.</summary>
    public object Body => new
    {
        messages = new[] { new { role = "user", content = Question } },
        max_tokens = Tokens,
        ignore_eos = true,
        temperature = 0,
        logit_bias = Letters.ToDictionary(id => id.ToString(CultureInfo.InvariantCulture), _ => Bias),
        stream = true,
    };
}
