namespace Holdfast.Engine.Components;

/// <summary>What may be asked of a restore of search indices.</summary>
public sealed record IndexNaming
{
    /// <summary>Nothing special: under their own names, and their aliases lead to them.</summary>
    public static IndexNaming None { get; } = new();

    /// <summary>The new names, in which * stands for the old one; null for the old ones. What has another name gets no aliases.</summary>
    public string? Rename { get; init; }

    /// <summary>No alias is led to what is restored.</summary>
    public bool WithoutAliases { get; init; }

    /// <summary>The name that an index is restored under.</summary>
    public string NameOf(string index) => Rename is null ? index : Rename.Replace("*", index, StringComparison.Ordinal);
}
