using Holdfast.Components.Search;
using Holdfast.Engine.Components;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Restore;

namespace Holdfast.Cli.Sessions;

/// <summary>Whether a restore has left search indices and the database that they are built from at different instants.</summary>
internal static class SearchOffer
{
    /// <summary>
    /// The problem to report; null when both are of one instant, or the profile does not define how to rebuild the
    /// indices.
    /// </summary>
    public static Problem? Of(RestoreRequest request, Manifest manifest, IReadOnlyList<IComponent> components)
    {
        if (request.Target is not null || components.OfType<SearchComponent>().All(cluster => cluster.SourcedAliases.Count == 0)) return null;
        var (database, search) = (IsRestored("postgres"), IsRestored("search"));
        if (!database && !search) return null;
        if (database != search) return Offer($"Only the {(database ? "database" : "search indices")} of platform {manifest.Platform} were restored, and not what belongs to them.");
        if (request.Recovery.Limit != RecoveryLimit.Mark) return Offer($"The database of platform {manifest.Platform} was brought to another instant than that of the search indices.");
        return manifest.Mode == BackupMode.Online ? Offer($"The point of platform {manifest.Platform} was taken while it ran, so that its search indices are of another instant than the database.") : null;

        bool IsRestored(string kind) => components.Any(component =>
            component.Kind == kind && manifest.Components.Any(record => record.Name == component.Name && request.Asks(record)));
    }

    private static Problem Offer(string why) => Catalogue.SearchBehind.With(why);
}
