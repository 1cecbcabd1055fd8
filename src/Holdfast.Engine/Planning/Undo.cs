namespace Holdfast.Engine.Planning;

/// <summary>
/// What must be done to take back something that was begun. It is data, so that <c>holdfast recover</c> can do it in
/// another process after a crash: <paramref name="Kind"/> names the handler ("postgres.drop-incomplete"),
/// <paramref name="Arguments"/> are its words, which JSON can carry: valid Unicode. Secrets never stand in it.
/// </summary>
public sealed record Undo(string Kind, string Does, IReadOnlyDictionary<string, string> Arguments);
