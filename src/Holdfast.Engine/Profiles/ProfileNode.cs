using System.Text.Json.Nodes;

namespace Holdfast.Engine.Profiles;

/// <summary>
/// A value of a profile that has been validated against the schema, with its place. Reading a value as a type that the
/// schema does not guarantee is an error in the program, not in the profile.
/// </summary>
public abstract class ProfileNode
{
    public abstract ProfilePlace Place { get; }

    /// <summary>True when it is a mapping with this key.</summary>
    public abstract bool Has(string key);

    /// <summary>The value of a key of a mapping.</summary>
    public abstract ProfileNode this[string key] { get; }

    /// <summary>The value of a key, or null when it is absent.</summary>
    public ProfileNode? Find(string key) => Has(key) ? this[key] : null;

    /// <summary>The keys of a mapping in the order they are written.</summary>
    public abstract IReadOnlyList<string> Keys { get; }

    /// <summary>The items of a sequence; empty for anything else.</summary>
    public abstract IReadOnlyList<ProfileNode> Items { get; }

    public abstract bool IsScalar { get; }
    public abstract bool IsMapping { get; }
    public abstract string Text { get; }
    public abstract int Integer { get; }
    public abstract bool Boolean { get; }

    /// <summary>The value as JSON; a number with a fraction is text, as everywhere in profiles.</summary>
    public abstract JsonNode? ToJson();

    /// <summary>A time with its unit, as the schema's "duration": 90s, 5m, 1h.</summary>
    public TimeSpan Duration => Quantities.Duration.Parse(Text);
}
