namespace AkkaCp.Model.Sampling;

/// <summary>One token and its natural log-probability under the model's own softmax (see <see cref="SampledToken"/>).</summary>
/// <param name="Id">Token id.</param>
/// <param name="Logprob">ln p, at most 0; −∞ for a token whose logit is −∞.</param>
public readonly record struct TokenLogprob(int Id, float Logprob);
