namespace Holdfast.Engine.Components;

/// <summary>The names and aliases of restored search indices.</summary>
public sealed record IndexNaming
{
    /// <summary>The default: indices keep their names, and their aliases point to them.</summary>
    public static IndexNaming None { get; } = new();

    /// <summary>
    /// The new names, in which * is replaced by the old one; null to keep the old names. A renamed index gets no
    /// aliases.
    /// </summary>
    public string? Rename { get; init; }

    /// <summary>No alias is pointed to the restored indices.</summary>
    public bool WithoutAliases { get; init; }

    /// <summary>The name that an index is restored under.</summary>
    public string NameOf(string index) => Rename is null ? index : Rename.Replace("*", index, StringComparison.Ordinal);
}
