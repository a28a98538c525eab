using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;

namespace AkkaCp.Architecture.Tests;

/// <summary>
/// What of the assemblies under src/ the program reaches, read from their instructions: from the executable's entry point, and from what
/// embedding programs see. A type that is reached brings its constructors and what it overrides or implements of others, since frameworks
/// and reflection call those.
/// </summary>
internal sealed class LiveCode
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private readonly HashSet<Assembly> _assemblies;
    private readonly HashSet<(Module, int)> _live = [];
    private readonly HashSet<Type> _shown = [];
    private readonly Queue<MemberInfo> _reached = [];

    // Overrides and implementations in live types, which come to life with what they override or implement.
    private readonly Dictionary<(Module, int), List<MethodInfo>> _waiting = [];

    private LiveCode(IEnumerable<Assembly> assemblies) => _assemblies = [.. assemblies];

    /// <summary>Marks what is reached from entry points, and from the public surface of <paramref name="apis"/> with
    /// all types that it shows.</summary>
    /// <param name="assemblies">Of src/.</param>
    /// <param name="apis">Those that embedding programs see.</param>
    /// <param name="isNamed">Whether something outside the assemblies names a type, method or property: it is reached, too.</param>
    public static LiveCode Of(IReadOnlyCollection<Assembly> assemblies, IEnumerable<Assembly> apis, Predicate<MemberInfo> isNamed)
    {
        var live = new LiveCode(assemblies);
        foreach (var entry in assemblies.Select(assembly => assembly.EntryPoint).OfType<MethodInfo>())
            live.Reach(entry);
        foreach (var type in apis.SelectMany(api => api.GetExportedTypes()))
            live.Show(type);
        do
        {
            while (live._reached.TryDequeue(out var member))
                live.Follow(member);
            foreach (var named in assemblies.SelectMany(live.Dead).Where(member => isNamed(member)).ToList())
                live.Reach(named is PropertyInfo { GetMethod: { } get } ? get : named);
        }
        while (live._reached.Count > 0);
        return live;
    }

    /// <summary>Whether the member of one of the assemblies is reached.</summary>
    public bool IsLive(MemberInfo member) => _live.Contains(KeyOf(member));

    /// <summary>Types of an assembly that people wrote and nothing reaches.</summary>
    public IEnumerable<Type> DeadTypes(Assembly assembly) => assembly.GetTypes().Where(type => IsWritten(type) && !IsLive(type));

    /// <summary>Methods and properties of live types that people wrote and nothing calls or reads.</summary>
    public IEnumerable<MemberInfo> DeadMembers(Assembly assembly) => assembly.GetTypes()
        .Where(type => IsWritten(type) && IsLive(type) && !typeof(Delegate).IsAssignableFrom(type))
        .SelectMany(type => DeadMethods(type).Concat(DeadProperties(type)));

    private IEnumerable<MemberInfo> Dead(Assembly assembly) => DeadTypes(assembly).Concat(DeadMembers(assembly));

    private IEnumerable<MemberInfo> DeadMethods(Type type) => type.GetMethods(Declared).Where(method =>
        !IsLive(method) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal))
        && !method.Name.Contains('<', StringComparison.Ordinal) && !method.IsDefined(typeof(CompilerGeneratedAttribute)));

    // One that is only set is not read: dead too. What an exception says is for whoever catches it.
    private IEnumerable<MemberInfo> DeadProperties(Type type) => type.GetProperties(Declared).Where(property =>
        property.GetMethod is { } get && !IsLive(get) && !typeof(Exception).IsAssignableFrom(type) && property.Name != "EqualityContract"
        && !property.Name.Contains('<', StringComparison.Ordinal));

    private static bool IsWritten(Type type) => type.Namespace?.StartsWith("AkkaCp", StringComparison.Ordinal) == true
        && !type.FullName!.Contains('<', StringComparison.Ordinal) && !type.IsDefined(typeof(CompilerGeneratedAttribute))
        && !typeof(JsonSerializerContext).IsAssignableFrom(type);

    private static (Module, int) KeyOf(MemberInfo member) => (member.Module, member.MetadataToken);

    /// <summary>What embedding programs can name is live with all its public members,
    /// and so is each type of ours in their signatures.</summary>
    private void Show(Type type)
    {
        if (!_shown.Add(type))
            return;
        Reach(type);
        foreach (var method in type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared)))
        {
            if (!method.IsPublic && !method.IsFamily)
                continue;
            Reach(method);
            foreach (var named in method.GetParameters().Select(parameter => parameter.ParameterType)
                .Append((method as MethodInfo)?.ReturnType ?? typeof(void)).SelectMany(Parts))
            {
                Show(named);
            }
        }
    }

    private void Reach(MemberInfo member)
    {
        if (_assemblies.Contains(member.Module.Assembly) && _live.Add(KeyOf(member)))
            _reached.Enqueue(member);
    }

    private void Reach(IEnumerable<Type> types)
    {
        foreach (var part in types.SelectMany(Parts))
            Reach(part);
    }

    /// <summary>Those of a type's definitions that are ours.</summary>
    private IEnumerable<Type> Parts(Type type) => IlReader.Parts(type).Where(part => _assemblies.Contains(part.Assembly));

    private void Follow(MemberInfo member)
    {
        if (member is Type type)
            FollowType(type);
        else if (member is FieldInfo field)
            Reach([field.DeclaringType!, field.FieldType]);
        else
            FollowMethod((MethodBase)member);
        if (_waiting.Remove(KeyOf(member), out var others))
            others.ForEach(Reach);
    }

    private void FollowType(Type type)
    {
        Reach(new[] { type.DeclaringType, type.BaseType }.OfType<Type>().Concat(type.GetInterfaces()));
        foreach (var constructor in type.GetConstructors(Declared))
            Reach(constructor);
        foreach (var attribute in type.GetCustomAttributesData())
        {
            Reach([attribute.AttributeType]);
            Reach(attribute.ConstructorArguments.Select(argument => argument.Value).OfType<Type>());
        }

        foreach (var method in type.GetMethods(Declared).Where(method => method.IsVirtual && method.GetBaseDefinition() != method))
            ReachWith(method.GetBaseDefinition(), method);
        for (var own = type; own is not null && _assemblies.Contains(own.Assembly); own = own.BaseType)
            FollowImplementations(type, own);
    }

    // By name and number of parameters: that is more than a runtime takes, never less.
    private void FollowImplementations(Type type, Type own)
    {
        var slots = type.GetInterfaces().SelectMany(one => one.GetMethods(Declared))
            .ToLookup(slot => (slot.Name, slot.GetParameters().Length));
        foreach (var method in own.GetMethods(Declared))
        {
            foreach (var slot in slots[(method.Name[(method.Name.LastIndexOf('.') + 1)..], method.GetParameters().Length)])
                ReachWith(slot, method);
        }
    }

    private void ReachWith(MethodInfo slot, MethodInfo method)
    {
        if (!_assemblies.Contains(slot.Module.Assembly) || IsLive(slot))
        {
            Reach(method);
            return;
        }

        if (!_waiting.TryGetValue(KeyOf(slot), out var others))
            _waiting[KeyOf(slot)] = others = [];
        others.Add(method);
    }

    private void FollowMethod(MethodBase method)
    {
        // References name members of constructed types, too; what they name is read from the definition.
        method = method.Module.ResolveMethod(method.MetadataToken)!;
        Reach([method.DeclaringType!, .. method.GetParameters().Select(parameter => parameter.ParameterType)]);
        if (method is MethodInfo info)
        {
            Reach([info.ReturnType]);
            Reach(info.GetBaseDefinition());
        }

        if (method.GetMethodBody() is { } body)
        {
            Reach(body.LocalVariables.Select(local => local.LocalType));
            Reach(body.ExceptionHandlingClauses
                .Where(clause => clause.Flags == ExceptionHandlingClauseOptions.Clause).Select(clause => clause.CatchType).OfType<Type>());
        }

        // What a record's text shows is nobody's use of it.
        if (method.Name == "PrintMembers" && method.IsDefined(typeof(CompilerGeneratedAttribute)))
            return;
        foreach (var named in IlReader.MembersNamedBy(method))
            ReachNamed(named);
    }

    private void ReachNamed(MemberInfo named)
    {
        if (named is Type type)
        {
            Reach([type]);
            return;
        }

        Reach([named.DeclaringType!]);
        if (named is MethodInfo { IsGenericMethod: true } generic)
            Reach(generic.GetGenericArguments());
        Reach(named);
    }
}
