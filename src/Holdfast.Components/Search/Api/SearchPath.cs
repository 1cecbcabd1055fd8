namespace Holdfast.Components.Search.Api;

/// <summary>The paths of the parts of a cluster in a recovery point.</summary>
internal static class SearchPath
{
    /// <summary>The directory of a cluster: "/search/main".</summary>
    public static string Cluster(string name) => $"/search/{name}";

    /// <summary>The engine's own repository, whole: it can be registered as it is.</summary>
    public static string Repository(string name) => $"{Cluster(name)}/repository";

    /// <summary>Settings, templates and indices with their counts.</summary>
    public static string State(string name) => $"{Cluster(name)}/state.json";

    /// <summary>
    /// A file that the profile names: by its path relative to the profile, or by its full path when it is not below the
    /// profile's directory.
    /// </summary>
    public static string Named(string name, string named, string path)
    {
        const string Profile = "/profile";
        var beside = Path.GetFullPath(named, Profile);
        return $"{Cluster(name)}{(beside.StartsWith($"{Profile}/", StringComparison.Ordinal) && !Path.IsPathRooted(named) ? beside : Profile + path)}";
    }
}
