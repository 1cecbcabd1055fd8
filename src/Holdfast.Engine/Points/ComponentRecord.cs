using System.Text.Json.Nodes;

namespace Holdfast.Engine.Points;

/// <summary>What one component noted of itself: where it lies in the point, its versions and counts, and details of its own.</summary>
public sealed class ComponentRecord
{
    public required string Name { get; init; }
    public required string Kind { get; init; }

    /// <summary>The folder of the snapshot: "/files", "/postgres/main".</summary>
    public required string Path { get; init; }

    /// <summary>Incomplete when something that was asked for is not in the point.</summary>
    public bool Complete { get; set; } = true;

    /// <summary>The time that the captured state is of; nothing that happened before <see cref="From"/> is lacking, nothing after <see cref="To"/> is in it.</summary>
    public DateTimeOffset? From { get; set; }
    public DateTimeOffset? To { get; set; }

    /// <summary>How far, in seconds, the captured state may lie from the mark; 0 when nobody could write in between.</summary>
    public double? Skew { get; set; }
    public IDictionary<string, string> Versions { get; init => field = value ?? field; } = new Dictionary<string, string>(StringComparer.Ordinal);
    public IDictionary<string, long> Counts { get; init => field = value ?? field; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>What is not in the point although it belongs to the component; null when nothing is known to be left out. See <see cref="Omit"/>.</summary>
    public IList<Omission>? Omissions { get; set; }

    /// <summary>Notes something that is left out; 'points show' lists it. Whether the component is then incomplete is for the caller to say.</summary>
    public void Omit(string what, string why) => (Omissions ??= []).Add(new Omission(what, why));

    /// <summary>The component's own facts, in its own shape.</summary>
    public JsonNode? Details { get; set; }
}
