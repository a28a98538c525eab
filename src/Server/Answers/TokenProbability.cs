using System.Text;
using AkkaCp.Engine;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Server.Answers;

/// <summary>A token and how probable it was.</summary>
/// <param name="Token">Its text; where its bytes are no whole characters, they are written as <c>\xe2\x82</c>.</param>
/// <param name="Logprob">ln p under the model's own softmax.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="TopLogprobs">The most probable tokens at its place, best first.</param>
internal sealed record TokenProbability(
    string Token, float Logprob, IReadOnlyList<int> Bytes, IReadOnlyList<TokenProbability>? TopLogprobs)
{
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    /// <summary>A chunk's token.</summary>
    public static TokenProbability Of(GenerationChunk chunk, Tokenizer tokenizer) => Of(
        chunk.Token!.Value, chunk.Logprob!.Value, tokenizer,
        [.. chunk.TopLogprobs.Select(top => Of(top.Id, top.Logprob, tokenizer, null))]);

    private static TokenProbability Of(int id, float logprob, Tokenizer tokenizer, IReadOnlyList<TokenProbability>? top)
    {
        var bytes = tokenizer.BytesOf(id).ToArray();
        return new TokenProbability(Text(bytes), logprob, Array.ConvertAll(bytes, value => (int)value), top);
    }

    private static string Text(byte[] bytes)
    {
        try
        {
            return s_strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return string.Concat(bytes.Select(value => value < 0x80 ? $"{(char)value}" : $"\\x{value:x2}"));
        }
    }
}
