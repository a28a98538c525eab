using System.Reflection;
using AkkaCp.Actors.Edge;
using AkkaCp.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AkkaCp.Architecture.Tests;

/// <summary>
/// Every place of the public API where the program gives code of its own to call later. What such code throws must not reach an actor, a
/// rank or another's stream, so each is guarded; whoever adds one says here where.
/// </summary>
public sealed class EngineCallbackTests
{
    private const string ByOptions = "EngineOptions.Guarded";

    private static readonly Dictionary<string, string> s_guards = new()
    {
        ["AddAkkaCp(options)"] = "thrown to who starts the host",
        ["ClusterNode.StartAsync(stateChanged)"] = "NodePlane, by Callbacks.Guard",
        ["EngineHost.ctor(lifetime)"] = "EngineHost, by Callbacks.Guard",
        ["EngineHost.ctor(loggers)"] = ByOptions,
        ["EngineOptions.ClusterWait"] = ByOptions,
        ["EngineOptions.LoadProgress"] = ByOptions,
        ["EngineOptions.LoggerFactory"] = ByOptions,
        ["InferenceEngine.LogitsAsync(progress)"] = "InferenceEngine, by Callbacks.Guard",
        ["InferenceEngine.LogitsAsync(row)"] = "ReceivedRows: ends the caller's own request, and is thrown to it",
    };

    [Fact]
    public void EveryCallbackOfTheProgram_HasAGuard()
    {
        var found = typeof(InferenceEngine).Assembly.GetExportedTypes().Where(type => !IsCode(type)).SelectMany(CallbacksOf).Order();

        Assert.Equal(s_guards.Keys.Order(), found);
    }

    private static IEnumerable<string> CallbacksOf(Type type)
    {
        const BindingFlags all = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (var property in type.GetProperties(all).Where(property => property.SetMethod is not null && IsCode(property.PropertyType)))
            yield return $"{type.Name}.{property.Name}";
        foreach (var happening in type.GetEvents(all))
            yield return $"{type.Name}.{happening.Name}";
        foreach (var method in type.GetConstructors(all).Cast<MethodBase>().Concat(type.GetMethods(all))
            .Where(method => !IsGenerated(method)))
        {
            foreach (var parameter in method.GetParameters().Where(parameter => IsCode(parameter.ParameterType)))
            {
                var name = method.Name == ".ctor" ? "ctor" : method.Name;
                yield return type == typeof(AkkaCpServiceCollectionExtensions)
                    ? $"{name}({parameter.Name})"
                    : $"{type.Name}.{name}({parameter.Name})";
            }
        }
    }

    // What an accessor of a property takes is the property's.
    private static bool IsGenerated(MethodBase method) => method.IsSpecialName && !method.IsConstructor;

    /// <summary>A delegate, or an interface that is neither data nor a container of services.</summary>
    private static bool IsCode(Type type) => typeof(Delegate).IsAssignableFrom(type)
        || (type.IsInterface
            && type != typeof(IServiceCollection)
            && type.Namespace?.StartsWith("System.Collections", StringComparison.Ordinal) != true
            && !(type.IsGenericType && type.Name.StartsWith("IOptions", StringComparison.Ordinal)));

    /// <summary>What the list must find, so that it does not miss what it looks for.</summary>
    [Theory]
    [InlineData(typeof(Action<int>), true)]
    [InlineData(typeof(IProgress<int>), true)]
    [InlineData(typeof(ILoggerFactory), true)]
    [InlineData(typeof(IHostApplicationLifetime), true)]
    [InlineData(typeof(LogitsRow), true)]
    [InlineData(typeof(IReadOnlyList<string>), false)]
    [InlineData(typeof(string), false)]
    public void Code_IsToldFromData(Type type, bool isCode) => Assert.Equal(isCode, IsCode(type));
}
