using System.Text.Json.Nodes;

namespace Holdfast.Engine.Points;

/// <summary>
/// The record of one component: its folder in the point, its versions and counts, and its own details.
/// </summary>
public sealed class ComponentRecord
{
    public required string Name { get; init; }
    public required string Kind { get; init; }

    /// <summary>The folder of the snapshot: "/files", "/postgres/main".</summary>
    public required string Path { get; init; }

    /// <summary>Incomplete when something that was requested is not in the point.</summary>
    public bool Complete { get; set; } = true;

    /// <summary>
    /// The time of the captured state; nothing that happened before <see cref="From"/> is missing, nothing after <see
    /// cref="To"/> is in it.
    /// </summary>
    public DateTimeOffset? From { get; set; }
    public DateTimeOffset? To { get; set; }

    /// <summary>
    /// How far, in seconds, the captured state may be from the mark; 0 when nothing could be written in between.
    /// </summary>
    public double? Skew { get; set; }
    public IDictionary<string, string> Versions { get; init => field = value ?? field; } = new Dictionary<string, string>(StringComparer.Ordinal);
    public IDictionary<string, long> Counts { get; init => field = value ?? field; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>
    /// The objects that belong to the component but are not in the point; null when nothing is known to be left out.
    /// See <see cref="Omit"/>.
    /// </summary>
    public IList<Omission>? Omissions { get; set; }

    /// <summary>
    /// Records something that is left out; 'points show' lists it. The caller decides whether the component is then
    /// incomplete.
    /// </summary>
    public void Omit(string what, string why) => (Omissions ??= []).Add(new Omission(what, why));

    /// <summary>The component's own details, in its own format.</summary>
    public JsonNode? Details { get; set; }
}
