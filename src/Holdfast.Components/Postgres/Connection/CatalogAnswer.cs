using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>The description of a database that one query of the catalog returns, made in the snapshot.</summary>
internal sealed record CatalogAnswer
{
    public required DatabaseProperties Properties { get; init; }

    /// <summary>The role that ran the query.</summary>
    public string Self { get; init; } = "";

    /// <summary>True when the database's comment is longer than the limit.</summary>
    public bool HasLongComment { get; init; }
    public required bool HasPublicSchema { get; init; }
    public required long LargeObjects { get; init; }
    public required IReadOnlyList<ExtensionEntry> Extensions { get; init; }
    public required IReadOnlyList<CatalogTable> Tables { get; init; }
    public required IReadOnlyList<CatalogSequence> Sequences { get; init; }

    /// <summary>Partitioned tables: they have no rows of their own, but must not change either.</summary>
    public required IReadOnlyList<CatalogName> Partitioned { get; init; }
    public required IReadOnlyList<string> LeftOut { get; init; }

    /// <summary>Bytes on disk of everything but the system catalog, by tablespace.</summary>
    public IReadOnlyDictionary<string, long> Sizes { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>
    /// Replaces the encoded results of <see cref="SharedName"/> by names and texts. A user with CREATEROLE can create a
    /// role whose name is not UTF-8: grants and settings of such a role are left out, and a database that it owns
    /// counts as owned by the role that ran the query.
    /// </summary>
    public CatalogAnswer Named()
    {
        var left = new List<string>(LeftOut);
        if (HasLongComment) left.Add("Its comment is longer than 1 MiB.");
        var owner = Name(Properties.Owner, "Its owner") ?? Self;
        var properties = Properties with
        {
            Owner = owner,
            Comment = Properties.Comment is { } comment ? Name(comment, "Its comment") : null,
            Grants = Properties.Grants is { } grants ? [.. grants.Select(Grant).OfType<DatabaseGrant>()] : null,
            Settings = [.. Properties.Settings.Select(Setting).OfType<DatabaseSetting>()],
        };
        return this with { Properties = properties, LeftOut = left };

        string? Name(string answer, string what)
        {
            if (SharedName.Find(answer) is { } name) return name;
            left.Add($"{what} (\"{SharedName.Show(answer)}\") is not UTF-8.");
            return null;
        }

        string? Role(string answer, string what) => answer == Properties.Owner ? owner : Name(answer, what);

        DatabaseGrant? Grant(DatabaseGrant grant)
        {
            if (Role(grant.Grantor, $"The role that has granted {grant.Privilege}") is not { } grantor) return null;
            if (grant.Grantee is not { } wanted) return grant with { Grantor = grantor };
            return Role(wanted, $"The role that has the right {grant.Privilege}") is { } grantee ? grant with { Grantor = grantor, Grantee = grantee } : null;
        }

        DatabaseSetting? Setting(DatabaseSetting setting)
        {
            if (setting.Value is not { } asked)
            {
                left.Add($"Its setting {setting.Name} is longer than 1 MiB.");
                return null;
            }
            if (Name(asked, "A setting") is not { } item) return null;
            var value = item[(setting.Name.Length + 1)..];
            if (setting.Role is not { } wanted) return setting with { Value = value };
            return Name(wanted, $"The role that has {setting.Name} set") is { } role ? setting with { Role = role, Value = value } : null;
        }
    }
}

/// <summary>A table as the snapshot sees it. <paramref name="FileNode"/> changes when the table is truncated or rewritten.</summary>
internal sealed record CatalogTable(
    string Schema, string Name, uint Oid, uint FileNode, IReadOnlyList<string> Columns, bool Configuration, string? Condition, long Size);

internal sealed record CatalogName(string Schema, string Name);

internal sealed record CatalogSequence(string Schema, string Name, uint Oid);

/// <summary>The current value of a sequence.</summary>
internal sealed record SequenceValue(uint Oid, long LastValue, bool IsCalled = true);
