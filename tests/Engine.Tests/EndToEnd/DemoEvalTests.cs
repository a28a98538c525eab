using Xunit;

namespace AkkaCp.Engine.Tests.EndToEnd;

/// <summary>The reference system's accuracy test at the demo model's size: 200 questions, answered greedily.</summary>
public class DemoEvalTests
{
    [Theory]
    [InlineData("1/1/1/1", 1)]
    [InlineData("1/1/1/1", 32)]
    [InlineData("2/2/2/1", 32)]
    [InlineData("4/2/2/1", 32)]
    public async Task Float32_GivesTheReferencesTexts_WhateverLayoutAndCompany(string layout, int parallel)
    {
        await using var engine = await LocalEngine.DemoAsync(layout);

        var answers = await AnswerAllAsync(engine, parallel);

        var identical = DemoQuestion.All.Zip(answers).Count(pair => pair.First.ReferenceText == pair.Second.Text
            && pair.First.ReferenceTokens.SequenceEqual(pair.Second.Tokens));
        Assert.InRange(identical, 199, 200);
        await engine.DisposeAsync();
        Assert.Equal(0, engine.LiveTensors);
    }

    [Theory]
    [InlineData("1/1/1/1", "bfloat16")]
    [InlineData("4/2/2/1", "bfloat16")]
    [InlineData("1/1/1/1", "int8")]
    [InlineData("4/2/2/1", "int8")]
    [InlineData("1/1/1/1", "int4")]
    [InlineData("4/2/2/1", "int4")]
    public async Task NarrowWeights_AnswerAsManyRight(string layout, string dtype)
    {
        await using var engine = await LocalEngine.DemoAsync(layout, dtype);

        var answers = await AnswerAllAsync(engine, parallel: 32);

        var right = DemoQuestion.All.Zip(answers).Count(pair => pair.First.IsAnsweredBy(pair.Second.Text));
        var recorded = DemoQuestion.All.Count(question => question.ReferenceIsRight);
        Assert.InRange(right, recorded - 3, recorded + 3);
    }

    private static async Task<(string Text, int[] Tokens)[]> AnswerAllAsync(InferenceEngine engine, int parallel)
    {
        var answers = new (string Text, int[] Tokens)[DemoQuestion.All.Count];
        var options = new ParallelOptions
        {
            MaxDegreeOfParallelism = parallel,
            CancellationToken = TestContext.Current.CancellationToken,
        };
        await Parallel.ForEachAsync(Enumerable.Range(0, answers.Length), options, async (index, cancellationToken) =>
        {
            var request = TestModel.Ask(DemoQuestion.All[index].Question) with
            {
                MaxTokens = 200,
                Sampling = new() { Temperature = 0 }
            };
            var chunks = await TestModel.ToListAsync(engine.GenerateAsync(request, cancellationToken));
            answers[index] = (TestModel.Text(chunks), [.. chunks.Select(chunk => chunk.Token).OfType<int>()]);
        });
        return answers;
    }
}
