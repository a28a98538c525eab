using AkkaCp.Engine.Generation;
using CsCheck;
using Xunit;

namespace AkkaCp.Engine.Tests.Generation;

public class StopStringFilterTests
{
    // Few letters, so that strings overlap themselves and each other.
    private static readonly Gen<string> s_text = Gen.Char["ab"].Array[0, 20].Select(letters => new string(letters));

    [Fact]
    public void WhateverThePieces_TheTextIsThatBeforeTheFirstCompleteStop()
    {
        Gen.Select(s_text, Gen.Char["ab"].Array[1, 4].Select(letters => new string(letters)).Array[0, 3], Gen.Int[1, 5].Array[20])
            .Sample((text, stops, sizes) => Assert.Equal(Reference(text, stops), Stream(text, stops, sizes)),
                seed: "0000KF8xxxI4");
    }

    [Fact]
    public void TextThatBeginsNoStopString_IsGivenAtOnce()
    {
        var filter = new StopStringFilter(["stop"]);

        Assert.Equal("abc", filter.Push("abc"));
        Assert.Equal("", filter.Push("st"));
        Assert.Equal("stx", filter.Push("x"));
        Assert.Equal("", filter.Push("s"));
        Assert.Equal("s", filter.Flush());
    }

    [Fact]
    public void OfStopsThatEndTogether_TheLongestCounts()
    {
        var filter = new StopStringFilter(["b", "ab"]);

        Assert.Equal("x", filter.Push("xab"));
        Assert.True(filter.Stopped);
        Assert.Equal("", filter.Push("more"));
        Assert.Equal("", filter.Flush());
    }

    [Fact]
    public void LoneSurrogateInAStopString_MatchesTheReplacementCharacter()
    {
        var filter = new StopStringFilter(["\ud800"]);

        Assert.Equal("a", filter.Push("a\ufffdb"));
    }

    private static string Stream(string text, string[] stops, int[] sizes)
    {
        var filter = new StopStringFilter(stops);
        var shown = "";
        for (var (at, piece) = (0, 0); at < text.Length; piece++)
        {
            var size = Math.Min(sizes[piece % sizes.Length], text.Length - at);
            shown += filter.Push(text.Substring(at, size));
            at += size;
        }

        return shown + filter.Flush();
    }

    private static string Reference(string text, string[] stops)
    {
        for (var end = 1; end <= text.Length; end++)
        {
            var longest = stops.Where(stop => text[..end].EndsWith(stop, StringComparison.Ordinal)).Select(stop => stop.Length)
                .DefaultIfEmpty().Max();
            if (longest > 0)
                return text[..(end - longest)];
        }

        return text;
    }
}
