using Xunit;

namespace AkkaCp.Settings.Tests;

public class HoconTextTests
{
    [Fact]
    public void Variable_IsReplacedWhereverItStands()
    {
        var name = "AKKACP_TEST_" + nameof(Variable_IsReplacedWhereverItStands);
        Environment.SetEnvironmentVariable(name, "a \"b\\c{d#");
        try
        {
            var config = HoconText.Parse("test", $"s {{ x = ${{{name}}}\n y = 1\n z = ${{?{name}}} }}\nt = 2", []);
            Assert.Equal("a \"b\\c{d#", config.GetString("s.x"));
            Assert.Equal("a \"b\\c{d#", config.GetString("s.z"));
            Assert.Equal((1, 2), (config.GetInt("s.y"), config.GetInt("t")));
        }
        finally
        {
            Environment.SetEnvironmentVariable(name, null);
        }
    }

    [Fact]
    public void OptionalVariableThatIsNotSet_LeavesTheEarlierValue()
    {
        var config = HoconText.Parse("test", "s { x = 1\n x = ${?AKKACP_TEST_NOT_SET}\n y = 3 }", []);
        Assert.Equal((1, 3), (config.GetInt("s.x"), config.GetInt("s.y")));
    }

    [Theory]
    [InlineData("a = 1\nb = ${AKKACP_TEST_NOT_SET}", "line 2: the environment variable AKKACP_TEST_NOT_SET is not set")]
    [InlineData("a = ${akka.loglevel}", "line 1: expected ${NAME}")]
    [InlineData("a {\n b = 1", "line 1: '{' is never closed")]
    [InlineData("a {\n b = 1 }\n}", "line 3: '}' closes nothing")]
    [InlineData("a = [1, 2\n}", "line 2: '}' closes nothing")]
    [InlineData("a = 1\nb = \"open\nc = 2", "line 2: the string is never closed")]
    [InlineData("a = http://x:8", "line 1: Unknown token")]
    [InlineData("a { b = 1 }, c = 2, d = 3\n# one, two\ne = [1, 2], f = http://x:8", "line 3: Unknown token")]
    public void Mistake_IsNamedWithItsLine(string text, string expected)
    {
        var problems = new List<string>();
        Assert.True(HoconText.Parse("f.conf", text, problems).IsEmpty);
        var problem = Assert.Single(problems, problem => problem.Contains(expected));
        Assert.StartsWith("f.conf", problem);
    }

    [Theory]
    [InlineData("a { b = 1 }, c = 2, d { e = [1, 2], f = \"x, y\" }, g = 3")]
    [InlineData("a { b = 1, }\nc = 2\nd { e = [1,\n2\n], f = \"x, y\"\n},\ng = 3,")]
    [InlineData("{ a { b = 1 }, c = 2, d { e = [1, 2] , f = \"x, y\" } , g = 3 }")]
    [InlineData("a { b = 1 } # one, two\n, c = 2\nd { e = [1, 2] # {\n, f = \"x, y\" }, g = 3")]
    public void CommaBetweenFields_IsALinesEnd(string text)
    {
        var problems = new List<string>();
        var config = HoconText.Parse("test", text, problems);
        Assert.Empty(problems);
        Assert.Equal((1, 2, 3), (config.GetInt("a.b"), config.GetInt("c"), config.GetInt("g")));
        Assert.Equal([1, 2], config.GetIntList("d.e"));
        Assert.Equal("x, y", config.GetString("d.f"));
    }

    [Theory]
    [InlineData("a { b = 1 } } c")]
    [InlineData("a = http://x:8\n")]
    [InlineData("a { b = 1 }}, c = 2\n")]
    public void Mistake_IsALineHoweverLongTheFile(string mistake)
    {
        var problems = new List<string>();
        _ = HoconText.Parse("f.conf", mistake + string.Concat(Enumerable.Repeat("key-of-a-long-file = 1\n", 1000)), problems);
        Assert.All(problems, problem => Assert.InRange(problem.Length, 1, 200));
        Assert.All(problems, problem => Assert.DoesNotContain('\n', problem));
        Assert.NotEmpty(problems);
    }

    [Fact]
    public void BracesInStringsAndComments_DoNotCount()
    {
        var config = HoconText.Parse("test", "# {\n// ${\na = \"}\\\"{\" # [\nb = \"\"\"{\n\"x\" \"\"\"", []);
        Assert.Equal("}\"{", config.GetString("a"));
    }

    [Theory]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("min-token", "min-tokens", 1)]
    [InlineData("same", "same", 0)]
    public void EditDistance_CountsInsertionsDeletionsReplacements(string left, string right, int expected)
    {
        Assert.Equal(expected, NearestName.Distance(left, right));
        Assert.Equal(expected, NearestName.Distance(right, left));
    }
}
