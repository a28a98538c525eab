using System.Diagnostics;
using System.Text;
using AkkaCp.Engine;

namespace AkkaCp.Cli;

/// <summary>What an evaluation gave.</summary>
/// <param name="Right">Answers that are right.</param>
/// <param name="Total">Questions.</param>
/// <param name="Identical">Texts identical to the reference's.</param>
/// <param name="WithReference">Questions that have a reference text.</param>
/// <param name="TokensPerSecond">Generated tokens of all questions through the time of all.</param>
internal sealed record EvalScore(int Right, int Total, int Identical, int WithReference, double TokensPerSecond);

/// <summary>Answers questions greedily, several at once.</summary>
internal static class Evaluation
{
    private const int MaxAnswerTokens = 512;

    /// <summary>Answers all questions.</summary>
    /// <param name="engine">Who answers.</param>
    /// <param name="questions">What is asked.</param>
    /// <param name="parallel">How many questions are in the engine at once.</param>
    /// <param name="done">Told how many are answered.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<EvalScore> RunAsync(
        InferenceEngine engine, IReadOnlyList<EvalQuestion> questions, int parallel, Action<int> done,
        CancellationToken cancellationToken)
    {
        var (right, identical, tokens, answered) = (0, 0, 0, 0);
        var started = Stopwatch.GetTimestamp();
        var options = new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(questions, options, async (question, ending) =>
        {
            var (text, count) = await AnswerAsync(engine, question, ending).ConfigureAwait(false);
            if (EvalQuestion.AnswerOf(text) == question.Answer.Trim())
                Interlocked.Increment(ref right);
            if (text == question.ReferenceText)
                Interlocked.Increment(ref identical);
            Interlocked.Add(ref tokens, count);
            done(Interlocked.Increment(ref answered));
        }).ConfigureAwait(false);
        return new EvalScore(
            right, questions.Count, identical, questions.Count(question => question.ReferenceText is not null),
            tokens / Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    private static async Task<(string Text, int Tokens)> AnswerAsync(
        InferenceEngine engine, EvalQuestion question, CancellationToken cancellationToken)
    {
        var request = new GenerationRequest
        {
            Messages = [new PromptMessage("user", question.Question)],
            MaxTokens = Math.Min(MaxAnswerTokens, engine.ContextLength),
            Sampling = new SamplingOverrides { Temperature = 0 },
        };
        var (text, tokens) = (new StringBuilder(), 0);
        await foreach (var chunk in engine.GenerateAsync(request, cancellationToken).ConfigureAwait(false))
        {
            text.Append(chunk.Text);
            tokens += chunk.Token is null ? 0 : 1;
        }

        return (text.ToString(), tokens);
    }
}
