using AkkaCp.Engine.Generation;
using CsCheck;
using Xunit;

namespace AkkaCp.Engine.Tests.Generation;

public class AnswerStopsTests
{
    [Theory]
    [InlineData(1, "<think>no, stop\n</think>\nyes, stop. No", "<think>no, stop\n</think>\nyes, ")]
    [InlineData(1, " \n<think>stop</think>stop", " \n<think>stop</think>")]
    [InlineData(1, "yes, stop <think>", "yes, ")]
    [InlineData(1, "<thin stop", "<thin ")]
    [InlineData(1, "<think", "<think")]
    [InlineData(1, " ", " ")]
    [InlineData(1, "", "")]
    [InlineData(2, "no, stop</think>yes, stop", "no, stop</think>yes, ")]
    [InlineData(2, "no, stop", "no, stop")]
    [InlineData(0, "<think>no, stop</think>", "<think>no, ")]
    public void Stops_ApplyBehindReasoning(int start, string answer, string shown)
    {
        Gen.Int[1, 4].Array[answer.Length + 1].Sample(
            sizes => Assert.Equal(shown, Stream(answer, (AnswerStart)start, sizes)), iter: 50, seed: "0000KF8xxxI4");
    }

    [Fact]
    public void Reasoning_IsNotHeldBack()
    {
        var stops = new AnswerStops(["stop"], AnswerStart.Reasoning);

        Assert.Equal("I st", stops.Push("I st"));
        Assert.Equal("op </thi", stops.Push("op </thi"));
        Assert.Equal("nk>a", stops.Push("nk>ast"));
        Assert.Equal("", stops.Push("op"));
        Assert.True(stops.Stopped);
    }

    private static string Stream(string answer, AnswerStart start, int[] sizes)
    {
        var stops = new AnswerStops(["stop"], start);
        var (shown, at) = ("", 0);
        foreach (var size in sizes)
        {
            var length = Math.Min(size, answer.Length - at);
            shown += stops.Push(answer.Substring(at, length));
            at += length;
        }

        return stops.Stopped ? shown : shown + stops.Flush();
    }
}
