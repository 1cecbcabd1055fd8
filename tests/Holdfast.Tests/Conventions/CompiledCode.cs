using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Holdfast.Tests.Conventions;

/// <summary>A place in the code that uses a type.</summary>
/// <param name="Place">The type that uses it, or that it lies in.</param>
/// <param name="FromNamespace">Where that is.</param>
/// <param name="ToNamespace">Where the used type is; of a nested one, where the outermost is.</param>
/// <param name="ToType">Its name.</param>
internal sealed record TypeUse(string Place, string FromNamespace, string ToNamespace, string ToType);

/// <summary>
/// Which types the shipped code uses, and where, as the compiler has written it down: a layer can't be gone around by a full name, an
/// alias or a member of a member. Only constants leave no trace.
/// </summary>
internal static class CompiledCode
{
    private static readonly string[] Assemblies = ["Holdfast.Restic", "Holdfast.Engine", "Holdfast.Components", "holdfast"];
    private static readonly Lazy<IReadOnlyList<TypeUse>> All = new(() => [.. Assemblies.SelectMany(Collect).Distinct()]);

    public static IReadOnlyList<TypeUse> TypeUses => All.Value;

    private static List<TypeUse> Collect(string assembly)
    {
        using var module = ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, $"{assembly}.dll"));
        return
        [
            .. from type in module.GetTypes()
               let place = Outermost(type)
               from used in Types(type).SelectMany(Flatten).Select(Outermost)
               select new TypeUse(place.FullName, place.Namespace, used.Namespace, used.Name),
        ];
    }

    private static IEnumerable<TypeReference?> Types(TypeDefinition type) =>
    [
        type.BaseType, .. type.Interfaces.Select(i => i.InterfaceType), .. type.GenericParameters.SelectMany(Constraints), .. Attributes(type),
        .. type.Fields.SelectMany(field => Attributes(field).Prepend(field.FieldType)),
        .. type.Properties.SelectMany(Attributes),
        .. type.Methods.SelectMany(method => Attributes(method).Concat(Signature(method)).Concat(method.GenericParameters.SelectMany(Constraints)).Concat(Body(method))),
    ];

    private static IEnumerable<TypeReference?> Signature(IMethodSignature method) => method.Parameters.Select(parameter => parameter.ParameterType).Prepend(method.ReturnType);

    private static IEnumerable<TypeReference?> Body(MethodDefinition method) => !method.HasBody ? [] :
    [
        .. method.Body.Variables.Select(variable => variable.VariableType),
        .. method.Body.ExceptionHandlers.Select(handler => handler.CatchType),
        .. method.Body.Instructions.SelectMany(Operand),
    ];

    private static IEnumerable<TypeReference?> Operand(Instruction instruction) => instruction.Operand switch
    {
        TypeReference type => [type],
        FieldReference field => [field.DeclaringType, field.FieldType],
        GenericInstanceMethod generic => [generic.DeclaringType, .. generic.GenericArguments, .. Signature(generic)],
        MethodReference method => [method.DeclaringType, .. Signature(method)],
        _ => [],
    };

    private static IEnumerable<TypeReference> Constraints(GenericParameter parameter) => parameter.Constraints.Select(constraint => constraint.ConstraintType);

    private static IEnumerable<TypeReference> Attributes(ICustomAttributeProvider provider) => provider.CustomAttributes.Select(attribute => attribute.AttributeType);

    /// <summary>The types that a type is made of: of an array its elements', of a generic one its arguments.</summary>
    private static IEnumerable<TypeReference> Flatten(TypeReference? type) => type switch
    {
        null or GenericParameter => [],
        GenericInstanceType generic => [generic.ElementType, .. generic.GenericArguments.SelectMany(Flatten)],
        TypeSpecification wrapped => Flatten(wrapped.ElementType),
        _ => [type],
    };

    private static TypeReference Outermost(TypeReference type) => type.DeclaringType is { } outer ? Outermost(outer) : type;
}
