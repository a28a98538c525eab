using AkkaCp.Testing;
using Xunit;
namespace AkkaCp.Npu.Tests;
public class SmokeTests { [Fact] public void A() => Assert.True(Directory.Exists(RepositoryFiles.DemoModel)); }
