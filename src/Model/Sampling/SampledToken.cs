namespace AkkaCp.Model.Sampling;

/// <summary>The token that a step chose.</summary>
/// <remarks>
/// Log-probabilities are those of the <em>raw</em> softmax, over the logits as the model gave them: before bias, penalties,
/// temperature and filters. So they are comparable between requests, as in OpenAI's API, vLLM's <c>raw_logprobs</c> and llama.cpp.
/// </remarks>
/// <param name="Id">Token id.</param>
/// <param name="Logprob">ln p of <paramref name="Id"/>; NaN where <see cref="SamplingOptions.Logprobs"/> is off.</param>
/// <param name="TopLogprobs">
/// The <see cref="SamplingOptions.TopLogprobs"/> most probable tokens, most probable first, lower id first among equals; may or may
/// not hold <paramref name="Id"/>; empty where none were asked for.
/// </param>
public sealed record SampledToken(int Id, float Logprob, IReadOnlyList<TokenLogprob> TopLogprobs);

/// <summary>One token and its natural log-probability under the model's own softmax (see <see cref="SampledToken"/>).</summary>
/// <param name="Id">Token id.</param>
/// <param name="Logprob">ln p, at most 0; −∞ for a token whose logit is −∞.</param>
public readonly record struct TokenLogprob(int Id, float Logprob);
