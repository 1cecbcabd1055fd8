using Holdfast.Restic;
using Holdfast.Restic.Backends;

namespace Holdfast.Engine.Profiles;

/// <summary>
/// What a schema cannot say: a server's location can be read, and holds no user or password, for profiles go into
/// points.
/// </summary>
internal static class RepositoryPlaces
{
    public static void Check(YamlValue root, List<ProfileMistake> mistakes)
    {
        if (root.Find("repository")?.Find("path") is not { IsScalar: true } path) return;
        if (RestLocation.IsRest(path.Text) && WhatIsWrong(path.Text) is { } wrong)
            mistakes.Add(new ProfileMistake(path.Place, "repository.path", wrong));
    }

    private static string? WhatIsWrong(string place)
    {
        try
        {
            return RestLocation.Parse(place).User is null
                ? null
                : "the location holds a user or a password. Write them under 'repository.rest', the password by reference.";
        }
        catch (ResticException malformed)
        {
            return malformed.Message;
        }
    }
}
